"""Training and test pictures made from labelled pages: scenes, light, backgrounds."""
