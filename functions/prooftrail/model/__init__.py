"""What is true: frozen values, decoded strictly, with no way to reach the world."""
