"""Whether everything that the services stand on is there and well."""
