"""What each owner is told, and when: the chain of who is asked, the ladder of steps, and the text. Pure."""
