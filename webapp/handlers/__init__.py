"""What answers requests, one noun a file."""
