"""Training a head: from labelled pages to the trees that tell which text line is which field."""
