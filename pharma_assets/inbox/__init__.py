"""The inbox: the folder tree that suppliers drop reports into."""
