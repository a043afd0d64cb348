"""From labelled pages to a model: labels, prepared pictures, training in the torch environment."""
