"""The ladder to stickiness, rung by rung, under the same load: what each costs, and what that is worth."""
