"""Data: Toy Market, reading re-id folders, images on the device."""
