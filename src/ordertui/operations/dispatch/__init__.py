"""How a batch leaves: as upload files or as a feed by Amazon's API."""
