"""The product as processes: started, migrated, and who may use it."""
