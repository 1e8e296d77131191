"""The catalogue's store on MongoDB: a log of commits, and the documents that they add up to."""
