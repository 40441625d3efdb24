"""An example application: HUD HMIS CSV exports read into cases.

HMIS is the information system that homeless services in the United States keep; the Department of
Housing and Urban Development (HUD) defines the CSV files it is exported as. ``export`` reads such
a folder, ``generate`` writes a small invented one to try it on.
"""
