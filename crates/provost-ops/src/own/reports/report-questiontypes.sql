-- Questions by type
select qtype, count(*) as questions
  from {question}
 where parent = 0
 group by qtype
 order by questions desc, qtype
