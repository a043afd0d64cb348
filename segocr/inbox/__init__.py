"""The inbox: files that people drop, seen, settled, claimed, and filed when their record is stored.

    a sweep: scanning → taking (row, then rename into work/<id>/, then SHA-256)
    once its record is committed: filing (done/<date>/<id>-<name>, or failed/… with the reasons)

Every step is first written in the ledger or first done on disk in such an order that ``recovery``, at the
next sweep, finds what a crash left and goes on. All of it works against the small ``Ledger`` of ``arrivals``.
"""
