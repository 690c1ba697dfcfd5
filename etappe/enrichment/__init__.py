"""What is derived from a touchpoint off the path of its acknowledgement: channel, device, bot."""

from etappe.enrichment.agent import Agent, read_agent
from etappe.enrichment.channel import CHANNELS, Reading, channel_of, explain_channel

__all__ = ["CHANNELS", "Agent", "Reading", "channel_of", "explain_channel", "read_agent"]
