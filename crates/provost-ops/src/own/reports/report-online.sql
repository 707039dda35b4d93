-- People who are there now
-- param since time = now-1h: Who was seen from then on
select count(*) as people from {user} where deleted = 0 and lastaccess >= :since
