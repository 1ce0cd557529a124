"""A package, so that a process which a test starts finds these tests before a library's folder of this name."""
