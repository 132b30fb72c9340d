"""The way out of a box with allowed hosts: a filtering forward proxy.

`server` is the proxy, `hosts` the allow-list, `http` and `hello` read requests and TLS greetings,
`route` resolves and connects, `wire` moves bytes within limits.
"""
