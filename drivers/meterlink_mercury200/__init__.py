DRIVER = None
