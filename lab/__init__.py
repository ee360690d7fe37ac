"""The measuring side: drives the application over HTTP like browsers, breaks things, and says what it is worth.

Knows the application by its HTTP contract only, and the local stack by `deploy.local`.
"""
