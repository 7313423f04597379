"""What a release is made of: a module for each kind of package. `packaging/build` and `packaging/try` call them."""
