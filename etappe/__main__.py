"""`python -m etappe` is the command `etappe`."""

from etappe.cli import main

main()
