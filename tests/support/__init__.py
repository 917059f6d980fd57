"""What the tests need around the console: real servers, real receivers, a real browser."""
