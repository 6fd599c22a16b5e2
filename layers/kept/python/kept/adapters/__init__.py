"""How the ports are kept on AWS. One module a service, so that a function imports only what it uses."""
