"""Who is who: the pure core, from links, rules and decisions to identities. No input, no output."""
