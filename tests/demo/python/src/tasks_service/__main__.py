"""`python -m tasks_service`."""

from tasks_service import main

main()
