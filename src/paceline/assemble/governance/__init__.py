"""What a council looks at: who owns what, who is on call, what ends when, and what a quarter asks for."""
