"""What a tool answered, shown as what it is."""
