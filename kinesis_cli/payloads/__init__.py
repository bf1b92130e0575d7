"""Where the data of records comes from. Pure: random only through the `Random` it is given."""
