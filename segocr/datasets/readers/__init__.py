"""Labels as other programs write them, one file a format; mistakes are told with their place."""
