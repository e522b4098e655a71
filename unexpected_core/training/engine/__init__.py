"""The loop that trains any task: order of examples, steps, states to resume from, records."""
