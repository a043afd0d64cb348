"""Finding: what a segmentation engine found on a page becomes the regions that are worth reading."""
