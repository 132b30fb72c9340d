"""A registry of one's own, which ClawHub's tools take for ClawHub.

rules       what may be published, in ClawHub's words
storage     content-addressed files and one SQLite file
tokens      who may publish
publishing  uploads, and versions made of them
catalogue   what the routes answer, read from the storage
seeding     a folder or a catalogue of skills, published at the start
limits      requests per minute
app         the ASGI application
serving     running it
"""
