import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends what it reads from standard input with Apache Kafka's own client: one record a line, with
 * tabs between topic, codec, kind (plain, committed, aborted), body and headers in base64.
 */
public class Producers {
    public static void main(String[] arguments) throws Exception {
        Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] fields = line.split("\t", -1);
            String kind = fields[2];
            KafkaProducer<byte[], byte[]> producer = producers.computeIfAbsent(
                fields[1] + "/" + kind, name -> open(arguments[0], fields[1], kind, name));
            ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(fields[0], 0, null, Base64.getDecoder().decode(fields[3]));
            for (int at = 4; at + 1 < fields.length; at += 2) {
                record.headers().add(fields[at], Base64.getDecoder().decode(fields[at + 1]));
            }
            if (kind.equals("plain")) {
                producer.send(record).get();
                continue;
            }
            producer.beginTransaction();
            producer.send(record).get();
            if (kind.equals("aborted")) {
                producer.abortTransaction();
            } else {
                producer.commitTransaction();
            }
        }
        producers.values().forEach(KafkaProducer::close);
    }

    private static KafkaProducer<byte[], byte[]> open(
            String bootstrap, String codec, String kind, String name) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("compression.type", codec);
        settings.put("enable.idempotence", "true");
        if (!kind.equals("plain")) {
            settings.put("transactional.id", "java/" + name);
        }
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
            settings, new ByteArraySerializer(), new ByteArraySerializer());
        if (!kind.equals("plain")) {
            producer.initTransactions();
        }
        return producer;
    }
}
