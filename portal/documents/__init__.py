"""What is given out: the frozen pack and its PDF, letters, the leak gate, release."""
