"""What a subscription hears of messages that were sent and did not come, where the middleware counts them."""

from __future__ import annotations

from typing import Any

from rclpy.event_handler import EventHandler, SubscriptionEventCallbacks, UnsupportedEventTypeError


class LossCallbacks(SubscriptionEventCallbacks):
    """Callbacks of which message_lost is left out where there is no such event: rclpy would make no subscription."""

    def create_event_handlers(self, *of_subscription: Any) -> list[EventHandler]:
        """See SubscriptionEventCallbacks."""
        try:
            return super().create_event_handlers(*of_subscription)
        except UnsupportedEventTypeError:
            if self.message_lost is None:
                raise
            self.message_lost = None
            return super().create_event_handlers(*of_subscription)
