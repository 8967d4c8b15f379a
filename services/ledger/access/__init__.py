"""Who may do what in PostgreSQL: a role a service, with the least that it needs."""
