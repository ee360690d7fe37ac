"""What is measured by itself, outside a running stack. Nothing of the product imports this."""
