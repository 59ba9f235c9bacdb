"""What has changed in a client's reports since its layout was written: named, explained, and mended where a patch can.

Pure functions over a document, a layout and, where there is one, an earlier report of the same client. Nothing here
decides for the engine: a file that drifted fails as it did, and a person applies the patch.
"""
