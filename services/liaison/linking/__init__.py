"""Which incidents are one crisis: by reference, by person, and by place with time and nature."""
