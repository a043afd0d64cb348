"""The step ``validate``: readings and field specs → values and problems."""
