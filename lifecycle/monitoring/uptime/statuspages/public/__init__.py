"""What goes out to strangers: the page, its feed, its figures as JSON, and badges."""
