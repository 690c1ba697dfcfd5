"""Who is who, asked and decided: identities, their evidence, rules, splits and bans."""
