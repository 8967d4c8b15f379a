"""What every service stands on: settings, clock, Kafka, PostgreSQL, migrations, metrics, health,
logging.
"""
