"""Traffic of an insurance shop, made up: the same seed gives the same touchpoints with the same ids.

`catalogue` has what the shop sells and where visitors come from, `person` who they are, `story` how
touchpoints are written down, `buying` and `owning` what happens to one person, `traffic` all of it.
"""
