"""How committed batches leave: as files to upload by hand, or as feeds by Amazon's API."""
