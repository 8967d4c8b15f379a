"""Who may: sign-in, sessions, rights, and the looks behind the glass."""
