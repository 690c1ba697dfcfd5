"""What is derived from a touchpoint off the path of its acknowledgement: channel, device, bot."""

from etappe.enrichment.agent import Agent, read_agent
from etappe.enrichment.channel import channel_of

__all__ = ["Agent", "channel_of", "read_agent"]
