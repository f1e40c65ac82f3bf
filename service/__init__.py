"""HTTP around the library: knows requests and answers, decides nothing about risk."""
