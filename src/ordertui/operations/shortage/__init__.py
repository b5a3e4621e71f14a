"""Which orders to cancel when there are fewer units on hand than ordered."""
