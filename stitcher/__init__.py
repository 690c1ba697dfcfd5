"""From durable touchpoints to journeys: normalise, resolve, fold."""
