"""The server as other processes see it: started, asked, waited for, ended."""
