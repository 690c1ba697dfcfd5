"""The journey map: phases across, channels down."""
