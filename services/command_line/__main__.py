"""`python -m services.command_line`: the same as the `liaison` command."""

from services.command_line import main

main()
