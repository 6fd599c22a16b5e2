"""DynamoDB through PynamoDB: `tables` says what the items look like, the stores keep the ports with them."""
