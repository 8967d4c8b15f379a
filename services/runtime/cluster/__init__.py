"""What the brokers must hold: topics and who may do what with them, as the registry asks for it."""
